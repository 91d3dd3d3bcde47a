# GRID with a margin beyond the distance of unrelated embeddings.
_base_ = '../avts_grid.py'

model = dict(head=dict(loss=dict(margin=2.0)))
