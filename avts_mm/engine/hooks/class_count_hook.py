"""Labels that the classifier has no output for."""

from mmaction.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper


@HOOKS.register_module()
class ClassCountHook(Hook):
    """Compare the labels of a data set with ``num_classes`` of the head.

    A label too large is an obscure error in the middle of a training, on a
    GPU one without any line of Python. Looks at data sets that know their
    ``largest_label``.

    Raises:
        ValueError: Before the first step.
    """

    def before_train(self, runner) -> None:
        """Look at what is to be trained on."""
        self._check(runner, runner.train_dataloader.dataset)

    def before_val(self, runner) -> None:
        """Look at what is to be validated on."""
        self._check(runner, runner.val_dataloader.dataset)

    def before_test(self, runner) -> None:
        """Look at what is to be tested on."""
        self._check(runner, runner.test_dataloader.dataset)

    @staticmethod
    def _check(runner, dataset) -> None:
        while hasattr(dataset, 'dataset'):  # one that repeats another
            dataset = dataset.dataset
        model = runner.model
        model = model.module if is_model_wrapper(model) else model
        head = getattr(model, 'cls_head', None)
        number = getattr(head, 'num_classes', None)
        largest = getattr(dataset, 'largest_label', None)
        if number is not None and largest is not None and largest >= number:
            raise ValueError(
                f'{dataset.ann_file}: has the label {largest}, but '
                f'model.cls_head.num_classes={number} allows 0 to '
                f'{number - 1} only; correct it in the config'
            )
