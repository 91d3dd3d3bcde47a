"""Labels beyond the classifier."""

from types import SimpleNamespace as Space

import pytest

from avts_mm.engine import ClassCountHook


def runner(largest, classes=3, repeated=False):
    data = Space(ann_file='list.txt', largest_label=largest)
    if repeated:
        data = Space(dataset=data)
    loader = Space(dataset=data)
    return Space(
        model=Space(cls_head=Space(num_classes=classes)),
        train_dataloader=loader,
        val_dataloader=loader,
        test_dataloader=loader,
    )


@pytest.mark.parametrize('moment', ['train', 'val', 'test'])
@pytest.mark.parametrize('repeated', [False, True])
def test_too_large_a_label(moment, repeated):
    hook = getattr(ClassCountHook(), f'before_{moment}')
    hook(runner(2, repeated=repeated))
    with pytest.raises(ValueError, match=r'list\.txt.*label 3.*0 to 2'):
        hook(runner(3, repeated=repeated))


def test_what_it_knows_nothing_of_passes():
    run = runner(9)
    del run.train_dataloader.dataset.largest_label
    ClassCountHook().before_train(run)
    ClassCountHook().before_train(
        Space(model=Space(), train_dataloader=runner(9).train_dataloader)
    )
