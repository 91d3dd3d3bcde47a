# Recordings of ESC-50 for tools/eval_audio_svm.py; five official folds.
audio_svm = dict(
    name='esc50',
    dataset=dict(
        # Where tools/data/esc50/build_list.py has written its list.
        data_root='data/esc50',
        ann_file='annotation.csv',
        # Sub-clips are as long as the clips that the model was trained on and
        # begin every half of one (the paper says no more than that they
        # overlap).
        hop_seconds=None,
        # ESC recordings are filled up with digital silence.
        silence_db=-80.0,
    ),
    layer='audio_backbone.conv_5',  # section 4.3
    pool='mean',  # ours
    # One of them is chosen within the training folds.
    costs=[0.01, 0.1, 1.0, 10.0, 100.0, 1000.0],
)
