"""Should one fine-tune at all? The questions, the advice with its sources, a first study."""
