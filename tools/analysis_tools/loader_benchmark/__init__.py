"""Parts of ``tools/analysis_tools/benchmark_loader.py``."""
