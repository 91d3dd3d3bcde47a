_base_ = 'default_runtime.py'

# The last checkpoint is the one that counts. There is no third part of the
# data to choose a better one by, and the test part must not be used for it.
default_hooks = dict(
    checkpoint=dict(interval=1, max_keep_ckpts=1, save_best=None, rule=None)
)

custom_hooks = [dict(type='ClassCountHook')]
