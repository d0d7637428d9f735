#!/usr/bin/python3
"""Keeps the services of an instance running: supervise.py DIR

DIR/etc/services has one service a line, fields separated by tabs:

    name  pause  stop-signal  reload-signal  stamp  command

A service that ends is started again after `pause` seconds (a job), or at once
with a growing delay when it dies young (pause 0: a server). SIGHUP reads the
file again: what is new starts, what is gone stops, what has another stamp or
command gets its reload signal, or is started anew when that is `-`. SIGTERM
stops everything, the stores last. All die with this process, however it ends.

Each service logs to DIR/log/<name>.log and has its pid in DIR/run/pids/<name>.
DIR/run/services-read appears after each reading of the file.
"""
import ctypes
import os
import shlex
import signal
import sys
import time

WATCHED = {signal.SIGCHLD, signal.SIGHUP, signal.SIGTERM, signal.SIGINT}
PATIENCE_S = 12     # to end after the stop signal
PR_SET_PDEATHSIG = 1
STORES = ('postgres', 'redis')      # stopped when their users have ended


class Service:
    def __init__(self, line):
        self.name, pause, stop, reload, self.stamp, command = line.split('\t')
        self.pause = float(pause)
        self.stop_signal = getattr(signal, 'SIG' + stop)
        self.reload_signal = getattr(signal, 'SIG' + reload, None)
        self.command = shlex.split(command)
        self.pid = 0
        self.started = self.due = 0.0
        self.delay = 0.05

    def adopt(self, old):
        """Takes over the running process of the line before."""
        self.pid, self.started = old.pid, old.started
        self.due, self.delay = old.due, old.delay
        if (self.stamp, self.command) != (old.stamp, old.command):
            self.due = 0.0
            self.kill(self.reload_signal if self.reload_signal is not None
                      and self.command == old.command else self.stop_signal)

    def start(self, libc, home):
        parent = os.getpid()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                signal.pthread_sigmask(signal.SIG_SETMASK, [])
                libc.prctl(PR_SET_PDEATHSIG, int(self.stop_signal))
                if os.getppid() != parent:
                    os._exit(1)
                log = os.open(f'{home}/log/{self.name}.log',
                              os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)
                os.dup2(os.open('/dev/null', os.O_RDONLY), 0)
                os.dup2(log, 1)
                os.dup2(log, 2)
                os.setpgid(0, 0)
                os.execvp(self.command[0], self.command)
            except OSError as error:
                print(f'{self.command[0]}: {error}', file=sys.stderr)
            os._exit(127)
        self.started = time.monotonic()
        with open(f'{home}/run/pids/{self.name}', 'w') as file:
            file.write(f'{self.pid}\n')

    def ended(self, home):
        now = time.monotonic()
        try:
            os.killpg(self.pid, signal.SIGTERM)     # what it left behind
        except ProcessLookupError:
            pass
        self.pid = 0
        try:
            os.unlink(f'{home}/run/pids/{self.name}')
        except FileNotFoundError:
            pass
        self.delay = min(self.delay * 2, 2) if now - self.started < 1 else 0.05
        self.due = now + max(self.pause, self.delay)

    def kill(self, number):
        if self.pid:
            os.kill(self.pid, number)


class Supervisor:
    def __init__(self, home):
        self.home = home
        self.libc = ctypes.CDLL(None)
        self.services = {}      # by name, in the file's order
        self.leaving = []       # were taken out of the file, still end

    def read(self):
        with open(f'{self.home}/etc/services') as file:
            wanted = [Service(line.rstrip('\n')) for line in file]
        old, self.services = self.services, {}
        for service in wanted:
            if service.name in old:
                service.adopt(old.pop(service.name))
            self.services[service.name] = service
        for service in old.values():
            service.kill(service.stop_signal)
            if service.pid:
                self.leaving.append(service)
        with open(f'{self.home}/run/services-read', 'w'):
            pass

    def start_due(self):
        now = time.monotonic()
        for service in self.services.values():
            if not service.pid and service.due <= now:
                service.start(self.libc, self.home)

    def reap(self):
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            for service in [*self.services.values(), *self.leaving]:
                if service.pid == pid:
                    if status != 0 or service.pause == 0:
                        print(f'{service.name} ended: '
                              f'{os.waitstatus_to_exitcode(status)}',
                              flush=True)
                    service.ended(self.home)
            self.leaving = [s for s in self.leaving if s.pid]

    def wait(self, longest):
        """The signal that came, or None after a while."""
        now = time.monotonic()
        due = [s.due - now for s in self.services.values() if not s.pid]
        got = signal.sigtimedwait(WATCHED, max(0, min([longest, *due])))
        return got and got.si_signo

    def stop(self):
        running = [*self.services.values(), *self.leaving]
        self.end([s for s in running if s.name not in STORES])
        self.end(running)

    def end(self, services):
        until = time.monotonic() + PATIENCE_S
        for service in services:
            service.kill(service.stop_signal)
        while any(s.pid for s in services):
            if time.monotonic() > until:
                for service in services:
                    service.kill(signal.SIGKILL)
            signal.sigtimedwait({signal.SIGCHLD}, 0.1)
            self.reap()

    def run(self):
        signal.pthread_sigmask(signal.SIG_BLOCK, WATCHED)
        self.read()
        while True:
            self.start_due()
            number = self.wait(10)
            if number == signal.SIGCHLD:
                self.reap()
            elif number == signal.SIGHUP:
                self.read()
            elif number is not None:
                self.stop()
                return


if __name__ == '__main__':
    Supervisor(os.path.abspath(sys.argv[1])).run()
