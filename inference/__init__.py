"""From a trained generator to tiles, and from tiles to clothes and catalogues."""
