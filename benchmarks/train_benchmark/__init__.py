"""Parts of ``benchmarks/benchmark_train.py``."""
