// Bun, whose HTTP server is uWebSockets in C++: JSON.parse, Bun's own SHA-256, and the CDNs taken in turns.
'use strict'

const cdns = ['https://d111.cdn.example', 'https://d222.cdn.example', 'https://d333.cdn.example']
const secret = '00112233445566778899aabbccddeeff'
let next = 0

const [hostname, port] = process.argv[2].split(':')
Bun.serve({
  hostname,
  port: Number(port),
  async fetch(req) {
    if (req.method !== 'POST' || !req.url.endsWith('/video/token')) return new Response(null, { status: 404 })
    const { video } = await req.json()
    const cdn = cdns[next++ % cdns.length]
    const expires = Math.floor(Date.now() / 1000) + 6 * 3600
    for (const source of video.sources) {
      const token = new Bun.CryptoHasher('sha256').update(secret + source.src + expires).digest('hex')
      source.src = `${cdn}${source.src}?token=${token}&expires=${expires}`
    }
    return Response.json(video)
  },
})
