"""Hooks that a config switches off by their name."""

import functools

_OWN = (
    'runtime_info',
    'timer',
    'sampler_seed',
    'logger',
    'param_scheduler',
    'checkpoint',
)


def allow_absent_hooks():
    """Let ``default_hooks=dict(name=None)`` leave out a hook of any name.

    mmengine 0.10: only its own six can be left out so; None of another name
    is an ``AssertionError`` without a word.
    """
    from mmengine.runner import Runner

    method = Runner.register_default_hooks
    if hasattr(method, '__wrapped__'):
        return

    @functools.wraps(method)
    def register(self, hooks=None):
        hooks = {
            name: hook
            for name, hook in (hooks or {}).items()
            if hook is not None or name in _OWN
        }
        method(self, hooks)

    Runner.register_default_hooks = register
