r"""Meeting of fits in threads and processes, and who waits for whom. Begin here.

A search gives joblib its tasks: each clones an estimator, fits it and scores it. Within
`skae.stacked()` joblib runs them by the backend of this room, each in a thread. What a
task does is Python as usual, until an autoencoder in it comes to its training, and
calls `train`. There it leaves its net and waits, in the hope that others come that
train with it::

    the search   submits tasks ........ waits for results ..................... goes on
    task 1         clone, scale ...| waits ............................| scores |
    task 2         clone ...| waits ...................................| scores |
    task 3         clone, scale, window ......| leads: plans, trains ..| scores |
                                              ^                        ^
                          the last one that could come has come        all are let go

Who waits for whom:

- A fit waits until no task can come any more: every task that runs waits itself, or is
  at its end, and none can start (`Crew.may_arrive`). Then any one of those that wait
  becomes the *leader*. It takes all requests, sorts them into stacks of a kind, trains
  these, and lets everybody go. While it leads, others may arrive; they wait for the
  next round. There is no thread that does nothing but lead: nobody has to be started,
  woken or ended.
- The leader does not train all stacks by itself: as many threads as there are cores
  help, one stack each (`run_all`), with one of torch's threads.
- Fits that no other is like train alone, each in the thread of its task, as few at a
  time as there are cores: they wait for a *leave* (`Rendezvous.alone`).
- A task that waits for something else, as for the results of a parallel call of its
  own, is *paused*: nobody waits for it.
- Python lets one thread run at a time, so that tasks that compute, as before and after
  their training, take *turns* (`Turns`), of which there are as many as cores. One that
  waits gives its turn back.
- Tasks are collected before any begins, so that they run in waves of equal size: 150
  of which 128 may run at a time are twice 75.
- Nobody waits for ever. Where nothing has happened for `PATIENCE` seconds, as when a
  task computes something long before its fit, those that are there train without it.
- The search's thread waits for results, as joblib does. When it is interrupted, or a
  task fails, it closes the crew: those that wait are woken, stacks and fits under way
  end after their step, and each task ends with `Cancelled`, which nobody sees.

A *crew* is the tasks of one parallel call. Calls within tasks have crews of their own,
and all meet at one `Rendezvous`, so that the fits of inner searches train together::

    stacked() -- Rendezvous -+- crew of the outer search: tasks 1, 2, 3, all paused
                             +- crew of the inner search in task 1: tasks a, b
                             +- crew of the inner search in task 2: tasks c, d

With ``n_processes``, tasks are first shared out among joblib's own processes, or those
of an executor, and in each there is one such rendezvous::

    the search -- ProcessesBackend -+- process 1: threads, a rendezvous, some cores
                                    +- process 2: threads, a rendezvous, some cores

In which order to read:

- `_context.py`: what users call, `stacked` and `fit_stack`.
- `_rendezvous.py`: the waiting itself; every change of state is under one condition.
- `_groups.py`: which fits are of one kind, and how many make a stack.
- `_workers.py`: several stacks at a time.
- `_turns.py`: few threads that compute at a time.
- `_backend.py`: how joblib comes to a rendezvous; `_processes.py`: to several;
  `_auto.py`: to one or several, by the number of tasks.
- `_shares.py`: the tasks of a process, and what to do if it dies; `_pools.py`: where
  they run; `_shipping.py`: how they get there, and large arrays once.
- `_memory.py`: how many tasks at a time hold no more data than they may.
"""
