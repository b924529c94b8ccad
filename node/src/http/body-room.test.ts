import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { createBodyRoom } from './body-room.ts';

const megabyte = 1_048_576;

async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  const note = (): void => {
    settled = true;
  };
  void promise.then(note, note);
  await new Promise((turn) => setImmediate(turn));
  return settled;
}

describe('the room for bodies', () => {
  it('is full at 192 MiB and free again when answers are out', () => {
    const room = createBodyRoom();
    const [first, second] = [new EventEmitter(), new EventEmitter()];
    room.enter(first).hold(150 * megabyte);

    expect(() => room.enter(second).hold(50 * megabyte)).toThrow('HTTP_UNAVAILABLE');
    first.emit('close');
    expect(() => room.enter(second).hold(50 * megabyte)).not.toThrow();
  });

  it('lets two large bodies be worked on at a time, and the others one after the other', async () => {
    const room = createBodyRoom();
    const responses = Array.from({ length: 4 }, () => new EventEmitter());
    const turns = responses.map((response) => {
      const place = room.enter(response);
      place.hold(5 * megabyte);
      return place.turn();
    });

    expect(await Promise.all(turns.map(isSettled))).toEqual([true, true, false, false]);
    responses[0]?.emit('close');
    expect(await Promise.all(turns.map(isSettled))).toEqual([true, true, true, false]);
  });

  it('passes on the turn of a client that went away while it waited', async () => {
    const room = createBodyRoom();
    const responses = Array.from({ length: 4 }, () => new EventEmitter());
    const turns = responses.map((response) => {
      const place = room.enter(response);
      place.hold(5 * megabyte);
      return place.turn();
    });
    responses[2]?.emit('close');
    responses[0]?.emit('close');

    await expect(turns[2]).rejects.toThrow('HTTP_BODY_ABORTED');
    await expect(turns[3]).resolves.toBeUndefined();
  });

  it('lets a small body through at any time', async () => {
    const room = createBodyRoom();
    for (let count = 0; count < 3; count += 1) {
      const place = room.enter(new EventEmitter());
      place.hold(5 * megabyte);
      void place.turn();
    }
    const small = room.enter(new EventEmitter());
    small.hold(1000);

    await expect(small.turn()).resolves.toBeUndefined();
  });
});
