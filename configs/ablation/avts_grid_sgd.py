# GRID with the paper's optimiser.
_base_ = '../avts_grid.py'

optim_wrapper = dict(
    optimizer=dict(
        _delete_=True, type='SGD', lr=0.05, momentum=0.9, weight_decay=1e-4
    ),
)
