"""What jobs may do to the worker that does them."""

import errno
import os
import time

from avts_mm.media import MediaError


def act(job, progress):
    """Do as the job says."""
    if job == 'hang':
        time.sleep(600)
    if job == 'die':
        os._exit(7)
    if job == 'refuse':
        raise MediaError('refuse: no sound', 'refuse', 'no_audio')
    if job == 'bug':
        raise ZeroDivisionError('oops')
    if job == 'full':
        raise OSError(errno.ENOSPC, 'No space left on device')
    if job == 'slow':
        for step in range(8):
            time.sleep(0.25)
            progress(step)
    return f'{job} done'
