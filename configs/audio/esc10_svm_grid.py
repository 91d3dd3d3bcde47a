# ESC-10 by the audio tower that was trained on GRID.
_base_ = ['../avts_grid.py', '../_base_/datasets/esc10.py']
