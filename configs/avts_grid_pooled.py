# avts_kinetics.py at a quarter of the width on GRID: the paper's pooled
# embeddings, loss, margin, distance, optimiser and curriculum, and the one
# departure that lets them learn.
_base_ = 'ablation/avts_grid_literal.py'

# As in avts_kinetics.py.
model = dict(video_neck=dict(center=True), audio_neck=dict(center=True))
