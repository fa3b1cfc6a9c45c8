;; What the one-pass forms of all optimizers share. The files of this folder are the fields of one module, this one first.
;;
;; The memory, which threads share, begins with what a call goes by. Then come tables, parameters, gradients, averages where
;; they are kept, what optimizers keep, and the gradients of a batch's further parts. Everywhere tensors lie in the same order,
;; each filled up with zeros, which every step leaves zeros. $at and $end are addresses among the parameters, $at < $end;
;; what belongs to a parameter is found by its distance from it.
(import "state" "memory" (memory 1 65536 shared))
;; Which of two threads this is: 0 or 1.
(import "state" "thread" (global $thread i32))

;; Where stands, as bytes from the gradients' and the averages' beginning to the parameters'; no averages: 0.
(global $gradients i32 (i32.const 0))
(global $averages i32 (i32.const 4))
;; What gradients are multiplied by, and how much of an average is kept and taken of the parameters; float32.
(global $clip i32 (i32.const 8))
(global $kept i32 (i32.const 12))
(global $taken i32 (i32.const 16))
;; The optimizer's own: places, of what it keeps and of tables, and scalars in float32.
(global $places i32 (i32.const 32))
(global $scalars i32 (i32.const 96))

(type $step (func (param $at i32) (param $end i32)))
(table 7 funcref)

;; average = kept · average + taken · parameter
(func $average (param $at i32) (param $end i32)
  (local $average i32) (local $kept v128) (local $taken v128)
  (local.set $average (i32.add (local.get $at) (i32.load (global.get $averages))))
  (local.set $kept (v128.load32_splat (global.get $kept)))
  (local.set $taken (v128.load32_splat (global.get $taken)))
  (loop $next
    (v128.store (local.get $average)
      (f32x4.add
        (f32x4.mul (v128.load (local.get $average)) (local.get $kept))
        (f32x4.mul (v128.load (local.get $at)) (local.get $taken))))
    (local.set $at (i32.add (local.get $at) (i32.const 16)))
    (local.set $average (i32.add (local.get $average) (i32.const 16)))
    (br_if $next (i32.lt_u (local.get $at) (local.get $end)))))

;; A step of the table and the averages, in stretches of so many bytes of parameters that what belongs to them still lies in a
;; core's cache for the average.
(func $inStretches (param $at i32) (param $end i32) (param $which i32)
  (local $stop i32)
  (loop $next
    (local.set $stop (i32.add (local.get $at) (i32.const 65536)))
    (if (i32.gt_u (local.get $stop) (local.get $end)) (then (local.set $stop (local.get $end))))
    (call_indirect (type $step) (local.get $at) (local.get $stop) (local.get $which))
    (if (i32.load (global.get $averages))
      (then (call $average (local.get $at) (local.get $stop))))
    (local.set $at (local.get $stop))
    (br_if $next (i32.lt_u (local.get $at) (local.get $end)))))

;; Adds the further parts' gradients, the first of them $further bytes from the parameters and each $stride from the one
;; before, to the first part's, and returns the sum of the squares of what comes of it, added up in float64.
(func (export "sumGradients")
  (param $at i32) (param $end i32) (param $stride i32) (param $further i32) (param $parts i32) (result f64)
  (local $more i32) (local $left i32)
  (local $g i32) (local $gradient v128) (local $half v128) (local $even v128) (local $odd v128)
  (local.set $g (i32.add (local.get $at) (i32.load (global.get $gradients))))
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
  (f64.add (f64x2.extract_lane 0 (local.get $even)) (f64x2.extract_lane 1 (local.get $even))))
