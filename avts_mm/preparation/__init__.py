"""Turning the videos that people have into a corpus that trains fast."""

from .corpus import REASONS, Corpus, prepare_corpus, split_records
from .measure import measure
from .pool import run_jobs
from .sources import Source, find_sources, find_videos

__all__ = [
    'REASONS',
    'Corpus',
    'Source',
    'find_sources',
    'find_videos',
    'measure',
    'prepare_corpus',
    'run_jobs',
    'split_records',
]
