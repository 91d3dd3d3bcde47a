# A quarter of the second stage's negatives overlap their picture in time.
_base_ = '../avts_kinetics.py'

default_hooks = dict(
    curriculum=dict(
        stages=[
            dict(begin=0, mix=dict(easy=1)),
            dict(begin=50, mix=dict(easy=2, hard=1, super_hard=1)),
        ]
    )
)
