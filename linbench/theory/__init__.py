"""What theory predicts of gradient methods on a problem, exactly, and what a run did beside it, in words."""
