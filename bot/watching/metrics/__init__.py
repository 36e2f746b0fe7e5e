"""What Prometheus reads: rows and disk as they are when it asks, and this process's counts.

Where the truth is a row it is read at each scrape (``rows``, ``accounts``, ``jobs``), so all
processes say the same; what only this process knows is counted in it (``counting``).
``registry`` puts them together. Labels hold ids of accounts, names and codes, never of people.
"""
