"""Textiles and garments drawn by rule: training material, ground truth, and the stock of the demo's shop."""
