# GRID with binary cross-entropy on the concatenated embeddings (section 3.1).
_base_ = '../avts_grid.py'

model = dict(
    head=dict(_delete_=True, type='FusionHead', in_channels=64),
)
