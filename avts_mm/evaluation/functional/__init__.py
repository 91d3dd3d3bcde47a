"""Measures as functions of arrays."""
