#!/usr/bin/python3
"""A mail server that keeps everything, and a page to read it:

    mailsink.py SMTP-PORT MAILDIR HTTP-SOCKET

For the demo and tests. The page is /dev/mail behind nginx; /dev/mail.json is
the same for tests (both: newest first, ?to= and ?subject= narrow). Addresses
refuse-<code>@... are refused with that SMTP code, refuse-<code>-<n>@... only
the first n times.
"""
import collections
import email
import email.policy
import html
import http.server
import json
import mailbox
import os
import re
import socketserver
import sys
import urllib.parse

from aiosmtpd.controller import Controller

SHOWN = 200
STYLE = ('body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;'
         'max-width:60rem;padding:0 1rem}table{border-collapse:collapse;'
         'width:100%}td,th{text-align:left;padding:.3rem .6rem;'
         'border-bottom:1px solid #ccc}pre{white-space:pre-wrap;'
         'background:#f4f4f4;padding:1rem}iframe{width:100%;height:40rem;'
         'border:1px solid #ccc}')


class Keeper:
    """The SMTP side: every accepted mail is on the disk before the 250."""

    def __init__(self, maildir):
        self.maildir = maildir
        self.tries = collections.Counter()

    async def handle_RCPT(self, server, session, envelope, address, options):
        refuse = re.match(r'refuse-([45]\d\d)(?:-(\d+))?@', address)
        self.tries[address] += 1
        if refuse and self.tries[address] <= int(refuse[2] or sys.maxsize):
            return f'{refuse[1]} this address refuses'
        envelope.rcpt_tos.append(address)
        return '250 OK'

    async def handle_DATA(self, server, session, envelope):
        added = ''.join(f'X-RcptTo: {to}\r\n' for to in envelope.rcpt_tos)
        added = f'X-MailFrom: {envelope.mail_from}\r\n{added}'
        self.maildir.add(added.encode() + envelope.content)
        return '250 kept'


def read(path):
    with open(path, 'rb') as file:
        return email.message_from_binary_file(file,
                                              policy=email.policy.default)


def part(mail, kind):
    found = mail.get_body(preferencelist=(kind,))
    return found.get_content() if found else ''


def summary(key, mail):
    return {'id': key, 'from': str(mail['From'] or ''),
            'to': str(mail['To'] or ''), 'subject': str(mail['Subject'] or ''),
            'date': str(mail['Date'] or ''),
            'message_id': str(mail['Message-ID'] or ''),
            'recipients': [str(r) for r in mail.get_all('X-RcptTo', [])]}


def whole(key, mail):
    return summary(key, mail) | {
        'headers': [[name, str(value)] for name, value in mail.items()],
        'text': part(mail, 'plain'), 'html': part(mail, 'html')}


class Page(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def address_string(self):
        return 'nginx'

    def found(self, query):
        """(key, mail), newest first, at most SHOWN."""
        wanted = {name: query[name][0].lower() for name in ('to', 'subject')
                  if name in query}
        folder = f'{self.server.folder}/new'
        files = sorted(os.scandir(folder), reverse=True,
                       key=lambda entry: entry.stat().st_mtime_ns)
        n = 0
        for entry in files:
            mail = read(entry.path)
            fields = summary(entry.name, mail)
            fields['to'] += ' ' + ' '.join(fields['recipients'])
            if all(text in fields[name].lower()
                   for name, text in wanted.items()):
                yield entry.name, mail
                n += 1
                if n == SHOWN:
                    return

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        query = urllib.parse.parse_qs(url.query)
        one = re.fullmatch(r'/dev/mail/([\w.:,=-]+)(/html)?', url.path)
        if url.path == '/dev/mail.json':
            mails = [whole(key, mail) for key, mail in self.found(query)]
            self.answer(200, json.dumps(mails), 'application/json')
        elif url.path in ('/dev/mail', '/dev/mail/'):
            self.answer(200, self.listing(query))
        elif one and os.path.exists(f'{self.server.folder}/new/{one[1]}'):
            mail = read(f'{self.server.folder}/new/{one[1]}')
            self.answer(200, part(mail, 'html') if one[2]
                        else self.single(one[1], mail), framed=bool(one[2]))
        else:
            self.answer(404, self.layout('404', '<p>No such mail.</p>'))

    def layout(self, title, body):
        return (f'<!DOCTYPE html><html lang="en"><meta charset="utf-8">'
                f'<title>{title}</title><style>{STYLE}</style>'
                f'<h1>{title}</h1>{body}')

    def listing(self, query):
        rows = ''
        for key, mail in self.found(query):
            m = {k: html.escape(str(v))
                 for k, v in summary(key, mail).items()}
            rows += (f'<tr><td>{m["date"]}<td>{m["to"]}'
                     f'<td><a href="/dev/mail/{key}">{m["subject"]}</a>')
        to = html.escape(query.get('to', [''])[0])
        return self.layout('Mail', '<form><label>To <input name="to" '
                           f'value="{to}"></label> <button>Show</button>'
                           '</form><table><tr><th>Date<th>To<th>Subject'
                           f'{rows}</table>')

    def single(self, key, mail):
        rows = ''.join(f'<tr><th>{html.escape(name)}'
                       f'<td>{html.escape(str(value))}'
                       for name, value in mail.items())
        body = (f'<p><a href="/dev/mail/">All mail</a></p>'
                f'<table>{rows}</table><h2>Text</h2>'
                f'<pre>{html.escape(part(mail, "plain"))}</pre>')
        if part(mail, 'html'):
            body += (f'<h2>HTML</h2><iframe sandbox title="HTML part" '
                     f'src="/dev/mail/{key}/html"></iframe>')
        return self.layout(html.escape(str(mail['Subject'] or '')), body)

    def answer(self, status, text, kind='text/html', framed=False):
        body = text.encode()
        ancestors = "'self'; sandbox" if framed else "'none'"
        self.send_response(status)
        self.send_header('Content-Type', f'{kind}; charset=utf-8')
        self.send_header('Content-Length', str(len(body)))
        self.send_header('Content-Security-Policy',
                         "default-src 'none'; style-src 'unsafe-inline'; "
                         "img-src 'self' data:; frame-src 'self'; "
                         "form-action 'self'; base-uri 'none'; "
                         f"frame-ancestors {ancestors}")
        self.end_headers()
        self.wfile.write(body)


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    request_queue_size = 64


def main(port, folder, socket_path):
    Controller(Keeper(mailbox.Maildir(folder)), hostname='127.0.0.1',
               port=int(port)).start()
    if os.path.exists(socket_path):
        os.unlink(socket_path)
    with Server(socket_path, Page) as server:
        server.folder = folder
        server.serve_forever()


if __name__ == '__main__':
    main(*sys.argv[1:])
