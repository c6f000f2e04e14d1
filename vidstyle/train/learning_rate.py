"""How long a run is, and the learning rate at each of its steps."""

from dataclasses import dataclass

from vidstyle.train.settings import TrainSettings


@dataclass(frozen=True)
class Schedule:
    """`steps` in all; over the last `decay` of them the learning rate falls linearly from `rate` towards zero."""

    steps: int
    decay: int
    rate: float

    def learning_rate(self, step: int) -> float:
        """Return the learning rate of `step`, counted from 0."""
        steps_left = self.steps - step
        return self.rate * min(1.0, steps_left / (self.decay + 1))


def plan_schedule(settings: TrainSettings, epoch_images: int) -> Schedule:
    """Return the schedule of a run whose epochs have `epoch_images` image pairs, or photos where each is optimised."""
    if settings.steps is not None and settings.leaves == "pictures":
        return Schedule(settings.steps * epoch_images, 0, settings.lr)
    if settings.steps is not None:
        return Schedule(settings.steps, settings.steps_decay, settings.lr)
    epoch_steps = -(-epoch_images // settings.batch)
    steps = (settings.epochs + settings.epochs_decay) * epoch_steps
    return Schedule(steps, settings.epochs_decay * epoch_steps, settings.lr)
