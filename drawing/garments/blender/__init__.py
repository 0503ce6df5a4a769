"""Sews garments, drapes them by cloth simulation and photographs them by path tracing, in Blender (the module bpy).

These files run in `.venv-draw` (`make drawing`), by themselves: they import bpy, numpy and the standard library, never
another room of the house; drawing/garments/wardrobe.py starts them and takes their passes.
"""
