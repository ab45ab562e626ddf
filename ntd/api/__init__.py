"""Who may ask over HTTP, and what do they get?"""
