'use strict'
// One command a line on stdin, one answer a line on stdout; ../README.md tells the commands.

const readline = require('node:readline')

function failure (error) {
  let cause = error
  while (cause.code === undefined && cause.cause) cause = cause.cause
  return { error: { code: typeof cause.code === 'number' ? cause.code : null, text: String(error) } }
}

async function serve (commands) {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const command = JSON.parse(line)
    let answer
    try {
      answer = { ok: await commands[command.do](command) ?? null }
    } catch (error) {
      answer = failure(error)
    }
    process.stdout.write(JSON.stringify(answer) + '\n')
  }
  process.exit(0)
}

// What a consumer pushes, kept until it is asked for.
class Inbox {
  constructor () {
    this.records = []
    this.wake = () => {}
  }

  push (record) {
    this.records.push(record)
    this.wake()
  }

  // The records that came within `ms` of now; as soon as there are `enough`.
  async take (ms, enough = 1) {
    if (this.records.length < enough) {
      await new Promise(resolve => {
        const timer = setTimeout(resolve, ms)
        this.wake = () => {
          if (this.records.length >= enough) {
            clearTimeout(timer)
            resolve()
          }
        }
      })
      this.wake = () => {}
    }
    return this.records.splice(0)
  }
}

const text = value => value === null || value === undefined ? null : value.toString()

module.exports = { serve, Inbox, text }
