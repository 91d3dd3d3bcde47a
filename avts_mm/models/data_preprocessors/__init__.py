"""What happens to a batch before the networks see it."""

from .av_data_preprocessor import AVDataPreprocessor
from .log_mel import LogMel

__all__ = ['AVDataPreprocessor', 'LogMel']
