# The loss of most sync networks of the field, cosine with binary
# cross-entropy, in place of the paper's, centred (docs/plateau.md).
_base_ = '../avts_grid_pooled.py'

model = dict(
    head=dict(loss=dict(_delete_=True, type='CosineBCELoss'), normalize=True),
)
