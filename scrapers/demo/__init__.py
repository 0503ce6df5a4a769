"""The embedded default: textiles and garments that the project draws, and a fabric shop that serves them on loopback."""
