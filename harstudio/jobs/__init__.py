"""Long work in processes of its own: the protocol, the worker, the launcher and the job list.

A job is a function that is named by a dotted path and imported only where it runs, so that
nothing here needs torch::

    def train(payload: dict, context: Context) -> dict: ...      # builtins in, builtins out
"""
