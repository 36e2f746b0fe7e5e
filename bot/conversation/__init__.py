"""From a stored event to replies: turn, dialogs, texts, and the loop that joins them."""
