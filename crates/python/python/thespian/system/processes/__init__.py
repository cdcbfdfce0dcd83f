"""Systems whose actors are processes: how they are started, and what runs in each of their processes."""
