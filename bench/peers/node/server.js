// Node's own HTTP server without a framework: JSON.parse, crypto.createHash, and the CDNs taken in turns.
'use strict'
const crypto = require('node:crypto')
const http = require('node:http')

const cdns = ['https://d111.cdn.example', 'https://d222.cdn.example', 'https://d333.cdn.example']
const secret = '00112233445566778899aabbccddeeff'
let next = 0

const server = http.createServer((req, res) => {
  if (req.method !== 'POST' || req.url !== '/video/token') return res.writeHead(404).end()
  const parts = []
  req.on('data', part => parts.push(part))
  req.on('end', () => {
    const { video } = JSON.parse(Buffer.concat(parts))
    const cdn = cdns[next++ % cdns.length]
    const expires = Math.floor(Date.now() / 1000) + 6 * 3600
    for (const source of video.sources) {
      const token = crypto.createHash('sha256').update(secret + source.src + expires).digest('hex')
      source.src = `${cdn}${source.src}?token=${token}&expires=${expires}`
    }
    const answer = Buffer.from(JSON.stringify(video))
    res.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': answer.length }).end(answer)
  })
})

const [host, port] = process.argv[2].split(':')
server.listen(Number(port), host)
