# Binary cross-entropy on the concatenated embeddings (section 3.1).
_base_ = '../avts_kinetics.py'

model = dict(
    head=dict(_delete_=True, type='FusionHead', in_channels=128),
)
