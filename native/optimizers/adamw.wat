;; AdamW in one pass over memory, four elements at a time: the same operations in the same order as the graph of
;; adamw.ts, so that without clipping both give the same bits.
;;
;; The memory, which threads share, holds blocks of equal length, $stride bytes apart: parameters, first moments, second
;; moments, gradients, averages where they are kept, then the gradients of a batch's further parts. In each the tensors
;; lie in the same order, padded to vectors of 16 bytes with zeros, which every step leaves zeros. $at and $end are
;; addresses among the parameters, $at < $end.
(module
  (import "state" "memory" (memory 1 65536 shared))

  ;; m = beta1 m + g and v = beta2 v + g² with g = clip · gradient, then p = decay p - rate · m / (sqrt(v) + epsilon)
  (func $step
    (param $at i32) (param $end i32) (param $stride i32)
    (param $clip f32) (param $beta1 f32) (param $beta2 f32)
    (param $decay f32) (param $rate f32) (param $epsilon f32)
    (local $m i32) (local $v i32) (local $g i32)
    (local $gradient v128) (local $first v128) (local $second v128)
    (local.set $m (i32.add (local.get $at) (local.get $stride)))
    (local.set $v (i32.add (local.get $m) (local.get $stride)))
    (local.set $g (i32.add (local.get $v) (local.get $stride)))
    (loop $next
      (local.set $gradient (f32x4.mul (v128.load (local.get $g)) (f32x4.splat (local.get $clip))))
      (local.set $first
        (f32x4.add
          (f32x4.mul (v128.load (local.get $m)) (f32x4.splat (local.get $beta1)))
          (local.get $gradient)))
      (local.set $second
        (f32x4.add
          (f32x4.mul (v128.load (local.get $v)) (f32x4.splat (local.get $beta2)))
          (f32x4.mul (local.get $gradient) (local.get $gradient))))
      (v128.store (local.get $m) (local.get $first))
      (v128.store (local.get $v) (local.get $second))
      (v128.store (local.get $at)
        (f32x4.sub
          (f32x4.mul (v128.load (local.get $at)) (f32x4.splat (local.get $decay)))
          (f32x4.mul
            (f32x4.div
              (local.get $first)
              (f32x4.add (f32x4.sqrt (local.get $second)) (f32x4.splat (local.get $epsilon))))
            (f32x4.splat (local.get $rate)))))
      (local.set $at (i32.add (local.get $at) (i32.const 16)))
      (local.set $m (i32.add (local.get $m) (i32.const 16)))
      (local.set $v (i32.add (local.get $v) (i32.const 16)))
      (local.set $g (i32.add (local.get $g) (i32.const 16)))
      (br_if $next (i32.lt_u (local.get $at) (local.get $end)))))

  ;; average = kept · average + taken · parameter
  (func $average
    (param $at i32) (param $end i32) (param $stride i32) (param $kept f32) (param $taken f32)
    (local $average i32)
    (local.set $average (i32.add (local.get $at) (i32.mul (local.get $stride) (i32.const 4))))
    (loop $next
      (v128.store (local.get $average)
        (f32x4.add
          (f32x4.mul (v128.load (local.get $average)) (f32x4.splat (local.get $kept)))
          (f32x4.mul (v128.load (local.get $at)) (f32x4.splat (local.get $taken)))))
      (local.set $at (i32.add (local.get $at) (i32.const 16)))
      (local.set $average (i32.add (local.get $average) (i32.const 16)))
      (br_if $next (i32.lt_u (local.get $at) (local.get $end)))))

  ;; Both, in stretches of $stretch bytes of each block, so that they still lie in a core's cache for the average.
  (func (export "update")
    (param $at i32) (param $end i32) (param $stride i32) (param $stretch i32)
    (param $clip f32) (param $beta1 f32) (param $beta2 f32)
    (param $decay f32) (param $rate f32) (param $epsilon f32)
    (param $averages i32) (param $kept f32) (param $taken f32)
    (local $stop i32)
    (loop $next
      (local.set $stop (i32.add (local.get $at) (local.get $stretch)))
      (if (i32.gt_u (local.get $stop) (local.get $end)) (then (local.set $stop (local.get $end))))
      (call $step
        (local.get $at) (local.get $stop) (local.get $stride)
        (local.get $clip) (local.get $beta1) (local.get $beta2)
        (local.get $decay) (local.get $rate) (local.get $epsilon))
      (if (local.get $averages)
        (then
          (call $average
            (local.get $at) (local.get $stop) (local.get $stride) (local.get $kept) (local.get $taken))))
      (local.set $at (local.get $stop))
      (br_if $next (i32.lt_u (local.get $at) (local.get $end)))))

  ;; Adds the further parts' gradients, the first of them $further bytes from the parameters, to the first part's, and
  ;; returns the sum of the squares of what comes of it, added up in float64.
  (func (export "sumGradients")
    (param $at i32) (param $end i32) (param $stride i32) (param $further i32) (param $parts i32) (result f64)
    (local $more i32) (local $left i32)
    (local $g i32) (local $gradient v128) (local $half v128) (local $even v128) (local $odd v128)
    (local.set $g (i32.add (local.get $at) (i32.mul (local.get $stride) (i32.const 3))))
    (loop $next
      (local.set $gradient (v128.load (local.get $g)))
      (if (i32.gt_u (local.get $parts) (i32.const 1))
        (then
          (local.set $more (i32.add (local.get $at) (local.get $further)))
          (local.set $left (i32.sub (local.get $parts) (i32.const 1)))
          (loop $part
            (local.set $gradient (f32x4.add (local.get $gradient) (v128.load (local.get $more))))
            (local.set $more (i32.add (local.get $more) (local.get $stride)))
            (br_if $part (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
          (v128.store (local.get $g) (local.get $gradient))))
      (local.set $half (f64x2.promote_low_f32x4 (local.get $gradient)))
      (local.set $even (f64x2.add (local.get $even) (f64x2.mul (local.get $half) (local.get $half))))
      (local.set $half
        (f64x2.promote_low_f32x4
          (i8x16.shuffle 8 9 10 11 12 13 14 15 8 9 10 11 12 13 14 15 (local.get $gradient) (local.get $gradient))))
      (local.set $odd (f64x2.add (local.get $odd) (f64x2.mul (local.get $half) (local.get $half))))
      (local.set $at (i32.add (local.get $at) (i32.const 16)))
      (local.set $g (i32.add (local.get $g) (i32.const 16)))
      (br_if $next (i32.lt_u (local.get $at) (local.get $end))))
    (local.set $even (f64x2.add (local.get $even) (local.get $odd)))
    (f64.add (f64x2.extract_lane 0 (local.get $even)) (f64x2.extract_lane 1 (local.get $even)))))
