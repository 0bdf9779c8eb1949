"""Models as other people write them, with public frameworks; and one that is trained with convax."""
