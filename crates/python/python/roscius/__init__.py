"""Roscius: an actor system with a core in Rust.

What goes beyond `thespian` will be here.
"""
