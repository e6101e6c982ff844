// Loaded by node before a program of `authsome run`, for the versions that do not look at HTTPS_PROXY by themselves
// (below 22.21, and 23). It sends `https` and `fetch` through the proxy, and leaves everything else alone.
'use strict';
(() => {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major >= 24 || (major === 22 && minor >= 21) || !process.env.HTTPS_PROXY) return;
  const http = require('http');
  const https = require('https');
  const net = require('net');
  const tls = require('tls');
  const proxy = new URL(process.env.HTTPS_PROXY);
  const password = Buffer.from(`${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`);
  const headers = { 'proxy-authorization': `Basic ${password.toString('base64')}` };
  const skipped = (process.env.NO_PROXY || '').toLowerCase().split(/[\s,]+/).filter(Boolean);
  const direct = (host) => {
    const name = host.toLowerCase();
    return skipped.some((one) => one === '*' || one === name || (one !== '' && name.endsWith('.' + one.replace(/^\*?\./, ''))));
  };
  const tunnel = (host, port, done) => {
    const named = `${host.includes(':') ? `[${host}]` : host}:${port}`;
    const request = http.request({
      agent: false, host: proxy.hostname, port: proxy.port, method: 'CONNECT', path: named, headers: { host: named, ...headers },
    });
    request.once('connect', (response, socket) => {
      if (response.statusCode === 200) return done(null, socket.setNoDelay(true));
      socket.destroy();
      done(new Error(`the proxy of authsome run answered ${response.statusCode} for ${named}`));
    });
    request.once('response', (response) => done(new Error(`the proxy of authsome run answered ${response.statusCode} for ${named}`)));
    request.once('error', done);
    request.end();
  };
  const secured = (options, done) => {
    const host = options.hostname || options.host;
    tunnel(host, options.port || 443, (error, socket) => {
      if (error) return done(error);
      const servername = options.servername || (net.isIP(host) ? '' : host);
      const secure = tls.connect({ ...options, socket, servername, path: undefined });
      secure.once('secureConnect', () => { secure.removeListener('error', done); done(null, secure); });
      secure.once('error', done);
    });
  };
  class Tunnelling extends https.Agent {
    createConnection(options, done) {
      const host = options.hostname || options.host || 'localhost';
      if (direct(host)) return super.createConnection(options, done);
      secured({ ...options, host, hostname: host }, done);
      return undefined;
    }
  }
  https.globalAgent = new Tunnelling({ keepAlive: true, scheduling: 'lifo', timeout: 5000 });
  const known = Symbol.for('undici.globalDispatcher.1');
  void globalThis.FormData; // Loads the fetch that node brings along.
  const Dispatcher = globalThis[known] && globalThis[known].constructor;
  if (typeof Dispatcher !== 'function') return;
  const connect = (options, done) => {
    const port = Number(options.port) || (options.protocol === 'https:' ? 443 : 80);
    const host = options.hostname.replace(/^\[|\]$/g, '');
    if (options.protocol === 'https:') {
      if (!direct(host)) return secured({ host, port, servername: options.servername, ALPNProtocols: ['http/1.1'] }, done);
      const servername = options.servername || (net.isIP(host) ? '' : host);
      const socket = tls.connect({ host, port, servername, ALPNProtocols: ['http/1.1'] });
      socket.once('secureConnect', () => { socket.removeListener('error', done); done(null, socket); });
      return socket.once('error', done);
    }
    const socket = net.connect({ host, port });
    socket.once('connect', () => { socket.removeListener('error', done); done(null, socket); });
    return socket.once('error', done);
  };
  globalThis[known] = new Dispatcher({ connect });
})();
