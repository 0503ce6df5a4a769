"""Garments as pictures with their ground truth: the nine that ship, drawing more of them, and dyeing them anew."""
