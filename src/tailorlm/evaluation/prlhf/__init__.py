"""Personal models learned from personal feedback (P-RLHF): reward heads, profiles, many users."""
