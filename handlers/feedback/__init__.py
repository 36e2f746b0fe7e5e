"""What people report to their commune: emergencies first, the dialog that files a feedback,
and what became of one's own."""
