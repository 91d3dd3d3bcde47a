"""Parts of ``tools/analysis_tools/benchmark_train.py``."""
