;; Adafactor, tensor by tensor: the operations of the graph of adafactor.ts, but that sums are added up in another order.
;;
;; A tensor is seen as [A, R, C, B] with its rows along R and its columns along C: matrices as [A, R, C, 1], kernels with their
;; taps first as [1, R, C, B], a vector as one row. Rows are [A, R, B] and columns [A, C, B]. A run is what lies side by side
;; and has its own columns: C of a matrix, B of a kernel. A matrix has one of its rows for all of a run.
;;
;; Places: where the tensors' entries begin and end, then for each thread that of the numbers of its own: rows and columns of
;; the tensor under way, first as sums of squares, then as factors of the step. An entry: the tensor's address and end; where
;; its rows, its columns, a vector's second moment and the first moment are, 0 for none; A, R, C, B; runs in a row, bytes of one.
;; Scalars: step size; what is kept and taken of the moments; epsilon; the least size of weights, -1 where steps do not go by it;
;; 1 / threshold; beta1, 1 - beta1; weight decay.

(type $run (func (param $at i32) (param $end i32) (param $row i32) (param $column i32)))
(elem (i32.const 4) $gather $length $move)

;; Of the tensor under way: whether a run has rows of its own (-1) or one for all (0); a sum in float64; how far its first moment
;; lies from it, 0 for none; what directions are divided and then multiplied by, and how much of the weights stays.
(global $ownRows (mut i32) (i32.const 0))
(global $sum (mut v128) (v128.const i64x2 0 0))
(global $moment (mut i32) (i32.const 0))
(global $divisor (mut v128) (v128.const i64x2 0 0))
(global $size (mut v128) (v128.const i64x2 0 0))
(global $rest (mut v128) (v128.const i64x2 0 0))

;; The tensors that begin from $at to $end.
(func (export "adafactor") (param $at i32) (param $end i32)
  (local $entry i32) (local $tensor i32)
  (local.set $entry (i32.load (global.get $places)))
  (loop $next
    (local.set $tensor (i32.load (local.get $entry)))
    (if (i32.and
          (i32.ge_u (local.get $tensor) (local.get $at))
          (i32.lt_u (local.get $tensor) (local.get $end)))
      (then
        (call $stepTensor (local.get $entry))
        (if (i32.load (global.get $averages))
          (then (call $average (local.get $tensor) (i32.load offset=4 (local.get $entry)))))))
    (local.set $entry (i32.add (local.get $entry) (i32.const 48)))
    (br_if $next (i32.lt_u (local.get $entry) (i32.load offset=4 (global.get $places))))))

(func $stepTensor (param $entry i32)
  (local $at i32) (local $end i32) (local $rows i32) (local $columns i32) (local $columnsEnd i32) (local $outer i32)
  (local $ofCount f32) (local $least f32) (local $size f32)
  (local.set $at (i32.load (local.get $entry)))
  (local.set $end (i32.load offset=4 (local.get $entry)))
  ;; A · B numbers for each of R and of C.
  (local.set $outer
    (i32.shl
      (i32.mul (i32.load offset=24 (local.get $entry)) (i32.load offset=36 (local.get $entry)))
      (i32.const 2)))
  (local.set $rows
    (i32.load offset=8 (i32.add (global.get $places) (i32.shl (global.get $thread) (i32.const 2)))))
  (local.set $columns
    (i32.add (local.get $rows) (i32.mul (local.get $outer) (i32.load offset=28 (local.get $entry)))))
  (local.set $columnsEnd
    (i32.add (local.get $columns) (i32.mul (local.get $outer) (i32.load offset=32 (local.get $entry)))))
  (global.set $ownRows (i32.sub (i32.const 0) (i32.gt_u (i32.load offset=36 (local.get $entry)) (i32.const 1))))
  (local.set $ofCount
    (f32.div
      (f32.const 1)
      (f32.convert_i32_u (i32.shr_u (i32.sub (local.get $end) (local.get $at)) (i32.const 2)))))

  (memory.fill (local.get $rows) (i32.const 0) (i32.sub (local.get $columnsEnd) (local.get $rows)))
  (call $runs (local.get $entry) (local.get $rows) (local.get $columns) (i32.const 4))
  (call $mix
    (local.get $columns) (local.get $columnsEnd)
    (i32.add (i32.load offset=12 (local.get $entry)) (i32.load offset=16 (local.get $entry)))
    (f32x4.splat (f32.convert_i32_u (i32.load offset=28 (local.get $entry)))))
  (call $inverseRoots (local.get $columns) (local.get $columnsEnd))
  (if (i32.load offset=8 (local.get $entry))
    (then
      (call $mix
        (local.get $rows) (local.get $columns)
        (i32.load offset=8 (local.get $entry))
        (f32x4.splat (f32.convert_i32_u (i32.load offset=32 (local.get $entry)))))
      (call $byTheirMean (local.get $entry) (local.get $rows)))
    (else (f32.store (local.get $rows) (f32.const 1))))

  (global.set $sum (v128.const i64x2 0 0))
  (call $runs (local.get $entry) (local.get $rows) (local.get $columns) (i32.const 5))
  (global.set $divisor
    (f32x4.splat
      (f32.max
        (f32.mul
          (f32.sqrt (f32.mul (call $sumOf) (local.get $ofCount)))
          (f32.load offset=20 (global.get $scalars)))
        (f32.const 1))))
  (local.set $size (f32.load (global.get $scalars)))
  (local.set $least (f32.load offset=16 (global.get $scalars)))
  (if (f32.ge (local.get $least) (f32.const 0))
    (then
      (call $squaresOf (local.get $at) (local.get $end))
      (local.set $size
        (f32.mul
          (f32.max (f32.sqrt (f32.mul (call $sumOf) (local.get $ofCount))) (local.get $least))
          (local.get $size)))))
  (global.set $size (f32x4.splat (local.get $size)))
  (global.set $rest
    (f32x4.splat
      (f32.sub (f32.const 1) (f32.mul (local.get $size) (f32.load offset=32 (global.get $scalars))))))
  (global.set $moment (i32.load offset=20 (local.get $entry)))
  (if (global.get $moment)
    (then (global.set $moment (i32.sub (global.get $moment) (local.get $at)))))
  (call $runs (local.get $entry) (local.get $rows) (local.get $columns) (i32.const 6)))

;; A function of the table for every run of a tensor.
(func $runs (param $entry i32) (param $row i32) (param $columns i32) (param $which i32)
  (local $at i32) (local $end i32) (local $rowsEnd i32) (local $column i32) (local $left i32)
  (local $ofRow i32) (local $ofRun i32) (local $rowsOfMatrix i32)
  (local.set $at (i32.load (local.get $entry)))
  (local.set $end (i32.load offset=4 (local.get $entry)))
  (local.set $ofRow (i32.shl (i32.load offset=36 (local.get $entry)) (i32.const 2)))
  (local.set $rowsOfMatrix (i32.mul (local.get $ofRow) (i32.load offset=28 (local.get $entry))))
  (local.set $ofRun (i32.load offset=44 (local.get $entry)))
  (loop $matrix
    (local.set $rowsEnd (i32.add (local.get $row) (local.get $rowsOfMatrix)))
    (loop $nextRow
      (local.set $column (local.get $columns))
      (local.set $left (i32.load offset=40 (local.get $entry)))
      (loop $nextRun
        (call_indirect (type $run)
          (local.get $at) (i32.add (local.get $at) (local.get $ofRun))
          (local.get $row) (local.get $column)
          (local.get $which))
        (local.set $at (i32.add (local.get $at) (local.get $ofRun)))
        (local.set $column (i32.add (local.get $column) (local.get $ofRun)))
        (br_if $nextRun (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
      (local.set $row (i32.add (local.get $row) (local.get $ofRow)))
      (br_if $nextRow (i32.lt_u (local.get $row) (local.get $rowsEnd))))
    (local.set $columns (local.get $column))
    (br_if $matrix (i32.lt_u (local.get $at) (local.get $end)))))

;; Adds the squares of a run's gradients to its rows and its columns.
(func $gather (param $at i32) (param $end i32) (param $row i32) (param $column i32)
  (local $step i32) (local $gradients i32) (local $clip v128) (local $squares v128) (local $sum v128)
  (local.set $gradients (i32.load (global.get $gradients)))
  (local.set $clip (v128.load32_splat (global.get $clip)))
  (loop $next
    (local.set $step (call $bytesTo (local.get $at) (local.get $end)))
    (local.set $squares
      (f32x4.mul
        (call $load (i32.add (local.get $at) (local.get $gradients)) (local.get $step))
        (local.get $clip)))
    (local.set $squares (f32x4.mul (local.get $squares) (local.get $squares)))
    (call $store
      (local.get $column)
      (f32x4.add (call $load (local.get $column) (local.get $step)) (local.get $squares))
      (local.get $step))
    (if (global.get $ownRows)
      (then
        (call $store
          (local.get $row)
          (f32x4.add (call $load (local.get $row) (local.get $step)) (local.get $squares))
          (local.get $step))
        (local.set $row (i32.add (local.get $row) (local.get $step))))
      (else (local.set $sum (f32x4.add (local.get $sum) (local.get $squares)))))
    (local.set $at (i32.add (local.get $at) (local.get $step)))
    (local.set $column (i32.add (local.get $column) (local.get $step)))
    (br_if $next (i32.lt_u (local.get $at) (local.get $end))))
  (if (i32.eqz (global.get $ownRows))
    (then
      (f32.store (local.get $row)
        (f32.add
          (f32.add (f32x4.extract_lane 0 (local.get $sum)) (f32x4.extract_lane 1 (local.get $sum)))
          (f32.add (f32x4.extract_lane 2 (local.get $sum)) (f32x4.extract_lane 3 (local.get $sum))))))))

;; Adds the squares of a run's directions.
(func $length (param $at i32) (param $end i32) (param $row i32) (param $column i32)
  (local $step i32) (local $direction v128) (local $sum v128)
  (local.set $sum (global.get $sum))
  (loop $next
    (local.set $step (call $bytesTo (local.get $at) (local.get $end)))
    (local.set $direction
      (call $direction (local.get $at) (local.get $row) (local.get $column) (local.get $step)))
    (local.set $sum
      (call $added (local.get $sum) (f32x4.mul (local.get $direction) (local.get $direction))))
    (local.set $at (i32.add (local.get $at) (local.get $step)))
    (local.set $column (i32.add (local.get $column) (local.get $step)))
    (local.set $row (i32.add (local.get $row) (i32.and (local.get $step) (global.get $ownRows))))
    (br_if $next (i32.lt_u (local.get $at) (local.get $end))))
  (global.set $sum (local.get $sum)))

;; p = rest · p - size · direction / divisor, or less the first moment of that.
(func $move (param $at i32) (param $end i32) (param $row i32) (param $column i32)
  (local $step i32) (local $m i32) (local $change v128)
  (loop $next
    (local.set $step (call $bytesTo (local.get $at) (local.get $end)))
    (local.set $change
      (f32x4.mul
        (f32x4.div
          (call $direction (local.get $at) (local.get $row) (local.get $column) (local.get $step))
          (global.get $divisor))
        (global.get $size)))
    (if (global.get $moment)
      (then
        (local.set $m (i32.add (local.get $at) (global.get $moment)))
        (local.set $change
          (f32x4.add
            (f32x4.mul
              (call $load (local.get $m) (local.get $step))
              (v128.load32_splat offset=24 (global.get $scalars)))
            (f32x4.mul (local.get $change) (v128.load32_splat offset=28 (global.get $scalars)))))
        (call $store (local.get $m) (local.get $change) (local.get $step))))
    (call $store
      (local.get $at)
      (f32x4.sub
        (f32x4.mul (call $load (local.get $at) (local.get $step)) (global.get $rest))
        (local.get $change))
      (local.get $step))
    (local.set $at (i32.add (local.get $at) (local.get $step)))
    (local.set $column (i32.add (local.get $column) (local.get $step)))
    (local.set $row (i32.add (local.get $row) (i32.and (local.get $step) (global.get $ownRows))))
    (br_if $next (i32.lt_u (local.get $at) (local.get $end)))))

;; Gradients by the factors of their columns and rows.
(func $direction (param $at i32) (param $row i32) (param $column i32) (param $step i32) (result v128)
  (f32x4.mul
    (f32x4.mul
      (f32x4.mul
        (call $load (i32.add (local.get $at) (i32.load (global.get $gradients))) (local.get $step))
        (v128.load32_splat (global.get $clip)))
      (call $load (local.get $column) (local.get $step)))
    (if (result v128) (global.get $ownRows)
      (then (call $load (local.get $row) (local.get $step)))
      (else (v128.load32_splat (local.get $row))))))

;; Of sums of squares the moments: kept · moment + taken · (sum / extent + epsilon), at both places.
(func $mix (param $sums i32) (param $end i32) (param $moments i32) (param $extent v128)
  (local $step i32) (local $next v128)
  (loop $more
    (local.set $step (call $bytesTo (local.get $sums) (local.get $end)))
    (local.set $next
      (f32x4.add
        (f32x4.mul
          (call $load (local.get $moments) (local.get $step))
          (v128.load32_splat offset=4 (global.get $scalars)))
        (f32x4.mul
          (f32x4.add
            (f32x4.div (call $load (local.get $sums) (local.get $step)) (local.get $extent))
            (v128.load32_splat offset=12 (global.get $scalars)))
          (v128.load32_splat offset=8 (global.get $scalars)))))
    (call $store (local.get $moments) (local.get $next) (local.get $step))
    (call $store (local.get $sums) (local.get $next) (local.get $step))
    (local.set $sums (i32.add (local.get $sums) (local.get $step)))
    (local.set $moments (i32.add (local.get $moments) (local.get $step)))
    (br_if $more (i32.lt_u (local.get $sums) (local.get $end)))))

(func $inverseRoots (param $at i32) (param $end i32)
  (local $step i32)
  (loop $next
    (local.set $step (call $bytesTo (local.get $at) (local.get $end)))
    (call $store
      (local.get $at)
      (call $inverseRoot (call $load (local.get $at) (local.get $step)))
      (local.get $step))
    (local.set $at (i32.add (local.get $at) (local.get $step)))
    (br_if $next (i32.lt_u (local.get $at) (local.get $end)))))

;; Of rows [A, R, B] the factors: 1 / sqrt(row / their mean along R).
(func $byTheirMean (param $entry i32) (param $rows i32)
  (local $at i32) (local $end i32) (local $extent v128) (local $ofRow i32) (local $ofMatrix i32)
  (local $matrices i32) (local $rowEnd i32) (local $step i32) (local $mean v128)
  (local.set $extent (f32x4.splat (f32.convert_i32_u (i32.load offset=28 (local.get $entry)))))
  (local.set $ofRow (i32.shl (i32.load offset=36 (local.get $entry)) (i32.const 2)))
  (local.set $ofMatrix (i32.mul (local.get $ofRow) (i32.load offset=28 (local.get $entry))))
  (local.set $matrices (i32.load offset=24 (local.get $entry)))
  (loop $matrix
    (local.set $rowEnd (i32.add (local.get $rows) (local.get $ofRow)))
    (local.set $end (i32.add (local.get $rows) (local.get $ofMatrix)))
    (loop $next
      (local.set $step (call $bytesTo (local.get $rows) (local.get $rowEnd)))
      (local.set $mean (v128.const i64x2 0 0))
      (local.set $at (local.get $rows))
      (loop $row
        (local.set $mean (f32x4.add (local.get $mean) (call $load (local.get $at) (local.get $step))))
        (local.set $at (i32.add (local.get $at) (local.get $ofRow)))
        (br_if $row (i32.lt_u (local.get $at) (local.get $end))))
      (local.set $mean (f32x4.div (local.get $mean) (local.get $extent)))
      (local.set $at (local.get $rows))
      (loop $row
        (call $store
          (local.get $at)
          (call $inverseRoot
            (f32x4.div (call $load (local.get $at) (local.get $step)) (local.get $mean)))
          (local.get $step))
        (local.set $at (i32.add (local.get $at) (local.get $ofRow)))
        (br_if $row (i32.lt_u (local.get $at) (local.get $end))))
      (local.set $rows (i32.add (local.get $rows) (local.get $step)))
      (br_if $next (i32.lt_u (local.get $rows) (local.get $rowEnd))))
    (local.set $rows (local.get $end))
    (br_if $matrix (local.tee $matrices (i32.sub (local.get $matrices) (i32.const 1))))))

(func $inverseRoot (param $numbers v128) (result v128)
  (f32x4.div (v128.const f32x4 1 1 1 1) (f32x4.sqrt (local.get $numbers))))

;; The sum of the squares from $at to $end, in whole vectors.
(func $squaresOf (param $at i32) (param $end i32)
  (local $sum v128) (local $numbers v128)
  (loop $next
    (local.set $numbers (v128.load (local.get $at)))
    (local.set $sum (call $added (local.get $sum) (f32x4.mul (local.get $numbers) (local.get $numbers))))
    (local.set $at (i32.add (local.get $at) (i32.const 16)))
    (br_if $next (i32.lt_u (local.get $at) (local.get $end))))
  (global.set $sum (local.get $sum)))

(func $sumOf (result f32)
  (f32.demote_f64
    (f64.add (f64x2.extract_lane 0 (global.get $sum)) (f64x2.extract_lane 1 (global.get $sum)))))

;; Four numbers are taken at a time, and one by one what is left of a run: so many bytes.
(func $bytesTo (param $at i32) (param $end i32) (result i32)
  (select
    (i32.const 16)
    (i32.const 4)
    (i32.ge_u (i32.sub (local.get $end) (local.get $at)) (i32.const 16))))
(func $load (param $at i32) (param $bytes i32) (result v128)
  (if (result v128) (i32.eq (local.get $bytes) (i32.const 16))
    (then (v128.load (local.get $at)))
    (else (v128.load32_zero (local.get $at)))))
(func $store (param $at i32) (param $numbers v128) (param $bytes i32)
  (if (i32.eq (local.get $bytes) (i32.const 16))
    (then (v128.store (local.get $at) (local.get $numbers)))
    (else (v128.store32_lane 0 (local.get $at) (local.get $numbers)))))
