"""From the web to rows and files, and to labelled swatches."""
