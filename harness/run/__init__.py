"""From a pair to a journaled run: builds, legs, reruns, judgements."""
