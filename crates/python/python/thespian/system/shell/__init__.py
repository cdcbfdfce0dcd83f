"""Parts of the shell: what it knows of addresses, how it counts actors, its history, and the actors that it brings."""
