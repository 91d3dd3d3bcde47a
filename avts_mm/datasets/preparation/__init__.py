"""Turning the videos that people have into a corpus that trains fast."""

from .corpus import REASONS, Corpus, prepare_corpus, split_records
from .options import PrepareOptions
from .pool import run_jobs
from .sound import extract_sound
from .sources import Source, find_sources
from .transcode import Prepared, transcode

__all__ = [
    'REASONS',
    'Corpus',
    'PrepareOptions',
    'Prepared',
    'Source',
    'extract_sound',
    'find_sources',
    'prepare_corpus',
    'run_jobs',
    'split_records',
    'transcode',
]
