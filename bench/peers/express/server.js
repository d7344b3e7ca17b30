// The baseline service, rebuilt: Express, crypto.createHash, and the CDNs taken in turns.
'use strict'
const crypto = require('node:crypto')
const express = require('express')

const cdns = ['https://d111.cdn.example', 'https://d222.cdn.example', 'https://d333.cdn.example']
const secret = '00112233445566778899aabbccddeeff'
let next = 0

const app = express()
app.use(express.json())

app.post('/video/token', (req, res) => {
  const { video } = req.body
  const cdn = cdns[next++ % cdns.length]
  const expires = Math.floor(Date.now() / 1000) + 6 * 3600
  for (const source of video.sources) {
    const token = crypto.createHash('sha256').update(secret + source.src + expires).digest('hex')
    source.src = `${cdn}${source.src}?token=${token}&expires=${expires}`
  }
  res.json(video)
})

const [host, port] = process.argv[2].split(':')
app.listen(Number(port), host)
