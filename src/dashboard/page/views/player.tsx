/** Controls of a recording. */

import {useMemo} from 'preact/hooks';
import {
  durationOf,
  isPlaying,
  marksOf,
  pause,
  play,
  position,
  type Recording,
  recording,
  seek,
  speed,
  speeds,
} from '../replay.ts';
import {Icon} from './icon.tsx';

const clock = (microseconds: number): string => {
  const seconds = Math.floor(microseconds / 1_000_000);
  const tenths = Math.floor((microseconds % 1_000_000) / 100_000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}.${tenths}`;
};

export const Player = () => {
  const played = recording.value;
  const marks = useMemo(() => played && <Marks recorded={played} />, [played]);
  if (played === undefined) return null;
  const duration = durationOf(played);
  const isAtEnd = position.value >= duration;
  return (
    <footer class="player" aria-label="Recording">
      <button
        type="button"
        class="icon-button"
        aria-label="Go to the beginning"
        title="To the beginning"
        onClick={() => seek(0)}
      >
        <Icon name="start" />
      </button>
      <button
        type="button"
        class="icon-button player-play"
        aria-label={isPlaying.value ? 'Pause' : 'Play'}
        title={isPlaying.value ? 'Pause (Space)' : isAtEnd ? 'Play again (Space)' : 'Play (Space)'}
        onClick={isPlaying.value ? pause : play}
      >
        <Icon name={isPlaying.value ? 'pause' : 'play'} />
      </button>
      <span class="player-time">
        {clock(position.value)} <span class="dim">/ {clock(duration)}</span>
      </span>
      <span class="player-track">
        {marks}
        <input
          type="range"
          class="player-position"
          aria-label="Position in the recording"
          aria-valuetext={`${clock(position.value)} of ${clock(duration)}`}
          min={0}
          max={duration}
          step={100_000}
          value={position.value}
          onInput={({currentTarget}) => seek(Number(currentTarget.value))}
        />
      </span>
      <label class="player-speed">
        <span class="dim">Speed</span>
        <select
          aria-label="Speed"
          value={String(speed.value)}
          onChange={({currentTarget}) => {
            speed.value = Number(currentTarget.value);
          }}
        >
          {[...new Set([...speeds, speed.value])]
            .sort((a, b) => a - b)
            .map((each) => (
              <option key={each} value={String(each)}>
                {each}×
              </option>
            ))}
        </select>
      </label>
    </footer>
  );
};

const Marks = ({recorded}: {readonly recorded: Recording}) => (
  <svg class="player-marks" aria-hidden="true" preserveAspectRatio="none" viewBox="0 0 1000 10">
    {marksOf(recorded).map((mark, index) => (
      <rect key={index} class={`mark-${mark.kind}`} x={mark.position * 998} y="0" width="2" height="10" />
    ))}
  </svg>
);
