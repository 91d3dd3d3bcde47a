"""The error about a media file."""


class MediaError(Exception):
    """A media file cannot be read, or cannot be read rightly.

    Args:
        message (str): Full sentence naming the file, the cause and a remedy.
        path (str): The file.
        reason (str): Short code to count by. One of ``'missing'`` (no such
            file), ``'empty'`` (zero bytes), ``'undecodable'`` (not media, or
            damaged), ``'no_video'``, ``'no_audio'``, ``'too_short'`` (asked
            beyond the ends of the track), ``'gap'`` (the track has a hole
            there), ``'silent'`` (digital silence throughout), ``'timeout'``
            (reading took too long), ``'unsupported'`` (this backend would
            read the file wrongly, or this container cannot hold it),
            ``'unwritable'`` (a file to be written), ``'forbidden'`` and
            ``'unreachable'`` (of a storage).
    """

    # The message comes first and suffices by itself: torch re-raises the
    # errors of data-loading workers as ``type(error)(message)``.
    def __init__(
        self, message: str, path: str = '', reason: str = 'undecodable'
    ) -> None:
        super().__init__(message)
        self.path = str(path)
        self.reason = reason
