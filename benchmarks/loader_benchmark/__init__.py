"""Parts of ``benchmarks/benchmark_loader.py``."""
